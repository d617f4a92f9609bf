package main

import (
	"errors"
	"reflect"
	"sync"
	"testing"
)

func TestStoreKeepsUsersInOrder(t *testing.T) {
	s := newStore()
	ada := s.create(user{Name: "Ada", Email: "ada@example.com"})
	bob := s.create(user{ID: 99, Name: "Bob", Email: "bob@example.com"})

	if want := []user{ada, bob}; !reflect.DeepEqual(s.list(), want) {
		t.Errorf("list() = %v, want %v", s.list(), want)
	}
	if bob.ID != 2 {
		t.Errorf("the store gives out IDs: got %d, want 2", bob.ID)
	}
}

func TestStoreNeverReusesAnID(t *testing.T) {
	s := newStore()
	first := s.create(user{Name: "Ada"})
	if err := s.remove(first.ID); err != nil {
		t.Fatal(err)
	}

	if second := s.create(user{Name: "Bob"}); second.ID == first.ID {
		t.Errorf("ID %d was given out twice", second.ID)
	}
}

func TestStoreMisses(t *testing.T) {
	calls := map[string]func(*store) error{
		"read":   func(s *store) error { _, err := s.read(7); return err },
		"update": func(s *store) error { _, err := s.update(7, user{}); return err },
		"remove": func(s *store) error { return s.remove(7) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			if err := call(newStore()); !errors.Is(err, errNotFound) {
				t.Errorf("got %v, want %v", err, errNotFound)
			}
		})
	}
}

func TestStoreUnderConcurrentUse(t *testing.T) {
	const writers = 50
	s := newStore()
	var group sync.WaitGroup
	for i := 0; i < writers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			u := s.create(user{Name: "Ada"})
			s.list()
			if _, err := s.update(u.ID, user{Name: "Bob"}); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()

	if got := len(s.list()); got != writers {
		t.Errorf("%d users, want %d", got, writers)
	}
}
