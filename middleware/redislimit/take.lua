-- KEYS: the account. ARGV: requests and tokens a minute (0: no limit), requests and tokens to draw (negative: give back), and the
-- longest wait in microseconds. Answers the wait in microseconds; where it is longer than the longest, nothing is drawn.
-- Levels are buckets that may be in debt: who comes later waits until what was drawn before has been paid for.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1e6 + tonumber(time[2])
local state = redis.call('HMGET', KEYS[1], 'at', 'requests', 'tokens')
-- A clock that went back after a failover refills nothing, once.
local passed = math.max(0, now - (tonumber(state[1]) or now)) / 1e6

local longest, wait, slowest = tonumber(ARGV[5]), 0, 0
local function draw(per_minute, used, n, level)
  if per_minute <= 0 then return 0 end
  local rate = per_minute / 60 * used
  local burst = math.max(1, per_minute / 60 * 0.02)
  level = math.min(burst, (tonumber(level) or burst) + passed * rate)
  if n > 0 then
    wait = math.max(wait, (math.min(n, burst) - level) / rate * 1e6)
  end
  level = math.min(burst, level - n)
  slowest = math.max(slowest, (burst - level) / rate)
  return level
end
local requests = draw(tonumber(ARGV[1]), 0.94, tonumber(ARGV[3]), state[2])
local tokens = draw(tonumber(ARGV[2]), 0.92, tonumber(ARGV[4]), state[3])
wait = math.ceil(wait)
if wait <= longest or wait <= 0 then
  redis.call('HSET', KEYS[1], 'at', string.format('%.0f', now), 'requests', string.format('%.9f', requests), 'tokens', string.format('%.9f', tokens))
  redis.call('EXPIRE', KEYS[1], math.ceil(slowest) + 60) -- full buckets need not be remembered
end
return wait
