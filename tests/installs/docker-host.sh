#!/bin/sh
# A separate test host with a real dockerd, in namespaces: docker-host.sh ROOT WORK. Its files are those of ROOT, and
# what is written to them goes to WORK; the daemon listens on /run/docker.sock there. Nothing outside is reached.
set -eu
root=$1 work=$2
mkdir -p "$work/upper" "$work/overlay" "$work/host" "$work/docker"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/overlay" "$work/host"
cd "$work/host"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p var/lib/docker run/before
# Not on the overlay: Docker's own overlays cannot be stacked on another one.
mount --bind "$work/docker" var/lib/docker
pivot_root . run/before
umount -l /run/before
mount --make-rshared /
ip link set lo up
# The limit of open files cannot be raised everywhere; the daemon's default is higher.
exec dockerd --bridge=none --iptables=false --default-ulimit nofile=1024:1024 --host unix:///run/docker.sock --exec-opt native.cgroupdriver=cgroupfs
