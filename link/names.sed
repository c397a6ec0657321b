# Names of functions without what depends on the compiler, the versions of crates or how the code was split: hashes of crates, the
# hash at the end of names of the older form, and suffixes.
s/(\.llvm)?\.[0-9]+$//
s/17h[0-9a-f]{16}E/E/
s/Cs[0-9A-Za-z]+_/C_/g
