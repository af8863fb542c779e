package natsqueue_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/natsqueue"
)

// TestClusterLosesItsLeader: three servers keep the claims. The one that leads the bucket is killed
// while nine goroutines of three processes work; all shards are done, and none has two holders.
func TestClusterLosesItsLeader(t *testing.T) {
	servers, urls := cluster(t)
	const n = 60
	var mu sync.Mutex
	holders, finished := map[int]int{}, map[int]bool{}
	done := func(s int) bool {
		mu.Lock()
		defer mu.Unlock()
		return finished[s]
	}
	var all sync.WaitGroup
	killed := sync.OnceFunc(func() {
		for _, s := range servers {
			if s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, "KV_vecspace-job-a1") {
				s.Shutdown()
				return
			}
		}
		t.Error("no server leads the bucket")
	})
	for range 3 {
		nc, err := nats.Connect(urls, nats.MaxReconnects(-1), nats.ReconnectWait(lease/10), nats.Timeout(10*time.Second))
		if err != nil {
			t.Fatalf("Connect: %v", err)
		}
		defer nc.Close()
		q, err := natsqueue.New(t.Context(), nc, natsqueue.Options{Job: "a1", Lease: 15 * lease, Replicas: 3, Done: done})
		if err != nil {
			t.Fatalf("New: %v", err)
		}
		defer q.Close()
		if err := q.Put(t.Context(), func(yield func(int) bool) {
			for s := 0; s < n && yield(s); s++ {
			}
		}); err != nil {
			t.Fatalf("Put: %v", err)
		}
		for range 3 {
			all.Go(func() {
				for {
					l, err := q.Claim(t.Context())
					if errors.Is(err, jobs.ErrEmpty) {
						return
					}
					if err != nil {
						t.Errorf("Claim: %v", err)
						return
					}
					mu.Lock()
					holders[l.Shard()]++
					if holders[l.Shard()] > 1 {
						t.Errorf("shard %d has two holders", l.Shard())
					}
					third := len(finished) >= n/3
					mu.Unlock()
					if third {
						killed()
					}
					time.Sleep(5 * time.Millisecond)
					mu.Lock()
					holders[l.Shard()]--
					finished[l.Shard()] = true
					mu.Unlock()
					if err := l.Done(t.Context()); err != nil {
						t.Errorf("Done: %v", err)
					}
				}
			})
		}
	}
	all.Wait()
	if len(finished) != n {
		t.Errorf("%d shards were done, want %d", len(finished), n)
	}
}

// cluster starts three servers that know each other.
func cluster(t *testing.T) (servers []*server.Server, urls string) {
	var routes []*url.URL
	var ports []int
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("Listen: %v", err)
		}
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
		if err := l.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	for i, port := range ports {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(),
			Cluster: server.ClusterOpts{Name: "three", Host: "127.0.0.1", Port: port}, Routes: routes, NoSigs: true, NoLog: true,
		})
		if err != nil {
			t.Fatalf("NewServer: %v", err)
		}
		s.Start()
		t.Cleanup(func() {
			s.Shutdown()
			s.WaitForShutdown()
		})
		servers = append(servers, s)
	}
	for _, s := range servers {
		if !s.ReadyForConnections(20 * time.Second) {
			t.Fatal("a server is not ready")
		}
		if urls != "" {
			urls += ","
		}
		urls += s.ClientURL()
	}
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		leads := 0
		for _, s := range servers {
			if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == 3 {
				leads++
			}
		}
		if leads == 1 {
			return servers, urls
		}
		if time.Since(begin) > time.Minute {
			t.Fatal("the servers have not elected a leader")
		}
	}
}
