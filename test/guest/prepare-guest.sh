#!/usr/bin/env bash
# Makes .cache/guest/vmlinuz and .cache/guest/initrd.gz: Debian's kernel with the modules for a virtual USB bus, to be
# booted on this machine's own files (test/guest/guest.ts). Nothing is installed or loaded on this machine; the kernel
# package (70 MB) comes from apt. Debian; needs what .ci/run installs for it. Does nothing when it was done before.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$here/../../.cache/guest

# The meta package names the kernel's present ABI: linux-image-6.1.0-56-amd64.
package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
[ -n "$package" ] || { echo 'apt knows no linux-image-amd64: not Debian on amd64, or no apt-get update yet' >&2; exit 1; }
release=${package#linux-image-}
stamp="$release $(cat "$0" "$here/initrd-init.sh" | sha256sum | cut -c1-64)"
[ "$(cat "$cache/prepared" 2>/dev/null)" = "$stamp" ] && exit 0

mkdir -p "$cache"
work=$(mktemp -d "$cache/prepare-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/kernel" "$work/initrd"/{bin,proc,sys,dev,lower,upper,root,modules}

# As root, apt downloads as its own user, who must not need to enter this folder.
(cd "$work" && apt-get download -q -o APT::Sandbox::User=root "$package" >/dev/null)
modules=./lib/modules/*
dpkg-deb --fsys-tarfile "$work/$package"_*.deb | tar -x -C "$work/kernel" --wildcards \
  './boot/vmlinuz*' "$modules/modules.*" "$modules/kernel/drivers/usb/*" "$modules/kernel/drivers/hid/*" \
  "$modules/kernel/drivers/virtio/*" "$modules/kernel/fs/*" "$modules/kernel/net/9p/*"
depmod -b "$work/kernel" "$release"

cp "$(command -v busybox)" "$work/initrd/bin/busybox"
cp "$here/initrd-init.sh" "$work/initrd/init"
chmod 755 "$work/initrd/init"
# In the order in which they have to be loaded.
for module in virtio_pci 9p 9pnet_virtio overlay usbhid hid_generic vhci_hcd; do
  modprobe -d "$work/kernel" -S "$release" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
done | while read -r file; do
  name=$(basename "$file")
  [ -e "$work/initrd/modules/$name" ] && continue
  cp "$file" "$work/initrd/modules/$name"
  echo "$name" >>"$work/initrd/modules/order"
done
(cd "$work/initrd" && find . | cpio -o -H newc --quiet | gzip -1 >"$work/initrd.gz")

mv "$work/initrd.gz" "$cache/initrd.gz"
mv "$work/kernel/boot/vmlinuz-$release" "$cache/vmlinuz"
echo "$stamp" >"$cache/prepared"
echo "prepared a guest with Linux $release"
