package main

import (
	"errors"
	"sort"
	"sync"
)

var errNotFound = errors.New("no such user")

// user is what the service keeps; the store gives out the ID.
type user struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// store keeps users in memory; it is safe for concurrent use.
type store struct {
	mu    sync.RWMutex
	users map[int]user
	last  int
}

func newStore() *store {
	return &store{users: map[int]user{}}
}

func (s *store) create(u user) user {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	u.ID = s.last
	s.users[u.ID] = u
	return u
}

func (s *store) read(id int) (user, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	u, found := s.users[id]
	if !found {
		return user{}, errNotFound
	}
	return u, nil
}

// list returns every user, oldest first.
func (s *store) list() []user {
	s.mu.RLock()
	defer s.mu.RUnlock()
	users := make([]user, 0, len(s.users))
	for _, u := range s.users {
		users = append(users, u)
	}
	sort.Slice(users, func(i, j int) bool { return users[i].ID < users[j].ID })
	return users
}

func (s *store) update(id int, u user) (user, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, found := s.users[id]; !found {
		return user{}, errNotFound
	}
	u.ID = id
	s.users[id] = u
	return u, nil
}

func (s *store) remove(id int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, found := s.users[id]; !found {
		return errNotFound
	}
	delete(s.users, id)
	return nil
}
