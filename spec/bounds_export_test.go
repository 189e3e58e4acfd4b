package spec

// Bounded says whether a document is read at all.
var Bounded = bounded
