#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    logagent_exporter::fuzzing::exporter_config(bytes, std::path::Path::new(""));
});
