// Package wire holds what every provider that speaks HTTP needs besides its format: the process's one transport, base URLs
// that are checked, Retry-After in all its forms, and words of errors without keys and texts.
package wire
