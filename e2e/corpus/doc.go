// Package corpus proves, with manifests of the shape of real applications, that nothing is lost
// on the way: what is applied to an API server, captured, cleaned, and created in another
// namespace as a cutover does it, is captured there as the very same objects. An API server
// with its etcd is all that runs; what controllers would have written is written by Age.
package corpus
