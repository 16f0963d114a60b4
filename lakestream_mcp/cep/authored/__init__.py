"""Code that an author wrote: read as a tree and checked before anything runs it."""
