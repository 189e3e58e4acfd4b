package spec

// The tests say which isolators run, and in which order.
var (
	RewriteWith       = rewriteWith
	RewriteExecWith   = rewriteExecWith
	RewriteUpdateWith = rewriteUpdateWith
	Lookup            = lookup
	Changes           = changes
	PrefixesOf        = prefixesOf
)
