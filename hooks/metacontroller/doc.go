// Package metacontroller speaks the hook protocol of Metacontroller's composite controllers
// (sync, finalize and customize, version v1) for pure decisions of package hooks.
//
// A request is decoded whole or refused: an object that cannot be read would look absent, and
// absent children are made anew or deleted. A reply is checked before it leaves: Metacontroller
// crashes on a nil child, lets the last of two equal names win and creates undeclared kinds
// that it never sees again. Status 200 is sent with a whole reply only.
package metacontroller
