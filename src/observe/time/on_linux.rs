//! The kernel's clock.

use super::*;

#[test]
fn a_refused_call_says_why() {
    let reason = |errno| refusal(&io::Error::from_raw_os_error(errno)).reason;
    let (eperm, enosys, efault) = (1, 38, 14);
    assert_eq!(reason(eperm), Reason::Denied);
    assert_eq!(reason(enosys), Reason::Unsupported);
    assert_eq!(reason(efault), Reason::Failed);
}

#[test]
fn the_kernel_is_asked_without_privilege() {
    assert!(kernel_clock().known().is_some());
}
