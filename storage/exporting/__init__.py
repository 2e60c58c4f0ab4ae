"""The formats of exports, a module each: a writer turns articles into the bytes of a file, piece by piece."""
