#!/usr/bin/env bash
# Boots systemd on a copy of this host's files, in namespaces of its own: run it as their first process.
# Usage: private_host.sh FOLDER PACKAGE
#
# An overlay in memory takes all that is written, and goes with the mounts. Neither the kernel's settings nor its time
# can be changed from there. Services of the host do not start.
set -euo pipefail

mount --make-rprivate /
mount -t tmpfs -o size=256m tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx

# systemd empties /tmp when it boots.
cp "$2" pscan.deb
rm -rf etc/systemd/system/*.wants etc/systemd/system/*.requires etc/fstab
echo >etc/machine-id
# Images of containers forbid to start services there.
rm -f usr/sbin/policy-rc.d
# An index of all manual pages takes longer than the rest.
rm -f var/lib/man-db/auto-update

exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio \
    chroot . /lib/systemd/systemd --unit=basic.target --log-target=journal --show-status=0
