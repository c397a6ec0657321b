#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    logagent_exporter::fuzzing::agent_files(bytes, std::path::Path::new(""));
});
