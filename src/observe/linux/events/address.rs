//! Links, addresses and routes: the kernel's netlink multicast. The contents of messages are ignored, only their
//! arrival counts.

use std::{
    io,
    os::fd::OwnedFd,
    task::{Context, Poll},
};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SocketFlags, SocketType, bind, netlink::SocketAddrNetlink, recv,
        socket_with,
    },
};
use tokio::io::{Interest, unix::AsyncFd};

use super::readable;
use crate::observe::events::Changes;

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_IFADDR`, `RTMGRP_IPV6_ROUTE`.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
/// The maximum number of messages read at once; the rest is read the next time.
const MOST_MESSAGES: usize = 4096;

/// A socket that receives every change.
#[derive(Debug)]
pub(in crate::observe) struct Multicast(AsyncFd<OwnedFd>);

impl Multicast {
    pub(in crate::observe) fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // No protocol: NETLINK_ROUTE, which is number 0.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        Ok(Self(readable(socket)?))
    }

    pub(in crate::observe) fn poll_ready(&self, context: &mut Context<'_>) -> bool {
        matches!(self.0.poll_read_ready(context), Poll::Ready(Ok(_)))
    }

    pub(in crate::observe) fn take(&mut self) -> Changes {
        let mut changes = Changes::NONE;
        for _ in 0..MOST_MESSAGES {
            let taken = self.0.try_io(Interest::READABLE, |socket| {
                let mut first_bytes = [0_u8; 16];
                match recv(socket, &mut first_bytes, RecvFlags::TRUNC) {
                    // Messages were lost, so something has certainly changed.
                    Ok(_) | Err(Errno::NOBUFS) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            });
            if taken.is_err() {
                break;
            }
            changes |= Changes::ADDRESS;
        }
        changes
    }
}
