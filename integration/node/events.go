package node

import (
	"context"
	"fmt"
	"sync"

	apievents "github.com/containerd/containerd/api/events"
	"github.com/containerd/containerd/v2/core/events"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/typeurl/v2"
)

// Events are those of a namespace since Listen.
type Events struct {
	stop context.CancelFunc

	mu   sync.Mutex
	list []Event       // guarded by mu
	more chan struct{} // closed and replaced at each event; guarded by mu
}

// An Event is one that containerd published.
type Event struct {
	Topic     string // "/tasks/oom"
	Container string // empty where the event is not a task's
	Message   any    // as decoded: *events.TaskExit
}

// Listen collects events from now on, until Stop.
func (n *Node) Listen(ctx context.Context, namespace string) (*Events, error) {
	ctx, stop := context.WithCancel(namespaces.WithNamespace(ctx, namespace))
	e := &Events{stop: stop, more: make(chan struct{})}
	from, errs := n.Client.EventService().Subscribe(ctx, "namespace=="+namespace)
	go e.collect(ctx, from)
	// A subscription counts from when containerd has it, which nothing tells but
	// an event that arrives.
	greeting := &apievents.NamespaceUpdate{Name: namespace}
	err := Await(ctx, func() bool {
		_ = n.Client.EventService().Publish(ctx, "/bulkhead/listening", greeting)
		return len(e.All()) > 0
	})
	if err != nil {
		stop()
		select {
		case err = <-errs:
		default:
		}
		return nil, err
	}
	return e, nil
}

// Stop ends the subscription.
func (e *Events) Stop() { e.stop() }

func (e *Events) collect(ctx context.Context, from <-chan *events.Envelope) {
	for {
		var envelope *events.Envelope
		select {
		case envelope = <-from:
		case <-ctx.Done(): // the channel is never closed
			return
		}
		m, err := typeurl.UnmarshalAny(envelope.Event)
		if err != nil {
			continue // of a type that this client does not know
		}
		event := Event{Topic: envelope.Topic, Message: m}
		if of, ok := m.(interface{ GetContainerID() string }); ok {
			event.Container = of.GetContainerID()
		}
		e.mu.Lock()
		e.list = append(e.list, event)
		close(e.more)
		e.more = make(chan struct{})
		e.mu.Unlock()
	}
}

// All returns the events so far.
func (e *Events) All() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Event(nil), e.list...)
}

// Of returns the topics of a container's task events so far, in order.
func (e *Events) Of(container string) []string {
	var topics []string
	for _, event := range e.All() {
		if event.Container == container {
			topics = append(topics, event.Topic)
		}
	}
	return topics
}

// Wait waits for the nth event of a container with this topic.
func (e *Events) Wait(ctx context.Context, container, topic string, nth int) (Event, error) {
	for {
		e.mu.Lock()
		list, more := e.list, e.more
		e.mu.Unlock()
		found := 0
		for _, event := range list {
			if event.Container != container || event.Topic != topic {
				continue
			}
			if found++; found == nth {
				return event, nil
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Event{}, fmt.Errorf("no %s of %s among %v: %w", topic, container, e.Of(container), ctx.Err())
		}
	}
}
