// Package linked holds the tables that a program links beside the present one.
package linked

// Base1 is the table of the first edition, or "" in a program that does not import package base1.
// Its init function sets it, and nothing changes it later.
var Base1 string
