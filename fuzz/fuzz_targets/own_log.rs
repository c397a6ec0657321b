#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    logagent_exporter::fuzzing::own_log(bytes, std::path::Path::new(""));
});
