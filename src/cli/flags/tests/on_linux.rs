//! Arguments of any bytes.

use super::*;

#[test]
fn every_value_flag_takes_a_value_that_is_no_utf8() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(b"/\xff".to_vec());
    let args = |flag: &str| vec!["x".into(), flag.into(), odd.clone()];
    match parse(args("--config.file"), |_| None) {
        Ok(Parsed::Invocation(invocation)) => {
            assert_eq!(invocation.options.config_file, Some(odd.clone().into()));
        }
        other => panic!("{other:?}"),
    }
    assert!(parse(args("--log.level"), |_| None).unwrap_err().message.contains("the value is not UTF-8"));
}
