-- KEYS: the account. ARGV: requests and tokens a minute (0: no limit), requests and tokens to draw (negative: give back), the
-- longest wait in microseconds, 1 for the lane of bulk, and the seconds in which the provider counts. Answers the wait in
-- microseconds; where it is longer than the longest, nothing is drawn. Levels are buckets that may be in debt: who comes later
-- waits until what was drawn before has been paid for. What bulk has drawn (owed) nine tenths of the rate pay back, so a small
-- interactive draw need not wait for it.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1e6 + tonumber(time[2])
local state = redis.call('HMGET', KEYS[1], 'at', 'requests', 'tokens', 'bulk_requests', 'bulk_tokens', 'urgent')
-- A clock that went back after a failover refills nothing, once.
local passed = math.max(0, now - (tonumber(state[1]) or now)) / 1e6

local longest, bulk, wait, slowest = tonumber(ARGV[5]), ARGV[6] == '1', 0, 0
local function draw(per_minute, used, n, level, owed)
  if per_minute <= 0 then return 0, 0 end
  local rate = per_minute / 60 * used
  local burst = math.max(1, per_minute / 60 * 0.02)
  owed = tonumber(owed) or 0
  local paid = math.min(owed, passed * rate * 0.9)
  level = math.min(burst, (tonumber(level) or burst) + owed + passed * rate - paid)
  owed = owed - paid
  if n > 0 then
    local need = math.min(n, burst)
    local lack = need - level
    if not bulk and n <= rate / 10 then
      lack = math.min(lack * 10, lack + owed)
    else
      lack = math.max(lack + owed, (need - burst + owed) / 0.9)
    end
    wait = math.max(wait, lack / rate * 1e6)
  end
  if bulk then owed = math.max(0, owed + n) else level = math.min(burst, level - n) end
  slowest = math.max(slowest, (burst - level + owed) / rate / 0.9)
  return level - owed, owed
end
-- What is late matters less in a long window.
local function used(free) return 1 - math.max(0.02, free / tonumber(ARGV[7])) end
local requests, bulk_requests = draw(tonumber(ARGV[1]), used(0.06), tonumber(ARGV[3]), state[2], state[4])
local tokens, bulk_tokens = draw(tonumber(ARGV[2]), used(0.08), tonumber(ARGV[4]), state[3], state[5])
-- An interactive caller that was told to ask again goes before bulk, and has 50 ms to do so.
local urgent = tonumber(state[6]) or 0
if bulk and urgent > now and tonumber(ARGV[3]) > 0 then
  wait = math.max(wait, urgent - now + 50000)
end
wait = math.ceil(wait)
local function number(x) return string.format('%.9f', x) end
if wait <= longest or wait <= 0 then
  redis.call('HSET', KEYS[1], 'at', string.format('%.0f', now), 'requests', number(requests), 'tokens', number(tokens),
    'bulk_requests', number(bulk_requests), 'bulk_tokens', number(bulk_tokens))
  redis.call('EXPIRE', KEYS[1], math.ceil(slowest) + 60) -- full buckets need not be remembered
elseif not bulk and now + wait > urgent then
  redis.call('HSET', KEYS[1], 'urgent', string.format('%.0f', now + wait))
end
return wait
