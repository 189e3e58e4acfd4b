// Package compile turns what the operator writes (package v1alpha1) into what
// the shim reads (package tenant), and keeps it in the policy store. Only the
// CLI links it.
//
// Reading and compiling are strict and report every mistake of their input at
// once, each with file, line, key and what to write instead. Writing swaps a
// whole version of the policy in: a crash leaves the old one or the new one.
package compile
