#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let root = tempfile::tempdir().expect("a directory");
    logagent_exporter::fuzzing::turn(bytes, root.path());
});
