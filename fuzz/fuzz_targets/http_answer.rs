#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    logagent_exporter::fuzzing::http_answer(bytes, std::path::Path::new(""));
});
