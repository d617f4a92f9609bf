package main

import (
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
)

const maxBody = 64 << 10

// server answers HTTP from a store.
type server struct {
	store *store
}

// newServer routes by hand: the patterns of net/http's mux came with Go 1.22.
func newServer(s *store) http.Handler {
	srv := &server{store: s}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", srv.health)
	mux.HandleFunc("/users", srv.collection)
	mux.HandleFunc("/users/", srv.item)
	return mux
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (s *server) collection(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		reply(w, http.StatusOK, s.store.list())
	case http.MethodPost:
		u, err := readUser(w, r)
		if err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		u = s.store.create(u)
		w.Header().Set("Location", "/users/"+strconv.Itoa(u.ID))
		reply(w, http.StatusCreated, u)
	default:
		notAllowed(w, "GET, POST")
	}
}

func (s *server) item(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/users/"))
	if err != nil {
		fail(w, http.StatusNotFound, errNotFound)
		return
	}
	var u user
	switch r.Method {
	case http.MethodGet:
		u, err = s.store.read(id)
	case http.MethodPut:
		if u, err = readUser(w, r); err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		u, err = s.store.update(id, u)
	case http.MethodDelete:
		err = s.store.remove(id)
	default:
		notAllowed(w, "GET, PUT, DELETE")
		return
	}
	switch {
	case err != nil:
		fail(w, http.StatusNotFound, err)
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		reply(w, http.StatusOK, u)
	}
}

// readUser decodes and checks a user; an ID in the body is ignored.
func readUser(w http.ResponseWriter, r *http.Request) (user, error) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	var u user
	if err := decoder.Decode(&u); err != nil {
		return user{}, err
	}
	if u.Name = strings.TrimSpace(u.Name); u.Name == "" {
		return user{}, errors.New("name is required")
	}
	if address, err := mail.ParseAddress(u.Email); err != nil || address.Address != u.Email {
		return user{}, errors.New("email must be an address, as in ada@example.com")
	}
	return u, nil
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Printf("write answer: %v", err)
	}
}

func fail(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": err.Error()})
}

func notAllowed(w http.ResponseWriter, methods string) {
	w.Header().Set("Allow", methods)
	fail(w, http.StatusMethodNotAllowed, errors.New("method not allowed"))
}
