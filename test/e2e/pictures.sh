#!/bin/sh
# Makes docs/pictures from the real app on a machine without a network: in a network namespace of its own, where only
# loopback is up, which Playwright needs. Run it as root:  unshare --net --mount sh test/e2e/pictures.sh
set -eu
cd "$(dirname "$0")/../.."
ip link set lo up
# /sys shows the network of whoever mounted it.
mount --make-rprivate /
mount -t sysfs sysfs /sys
# A vault at a place a ceremony machine would have it, in memory.
mount -t tmpfs tmpfs /srv
mkdir -p /srv/rootward
ROOTWARD_PICTURE_VAULT=/srv/rootward/vault exec npx vitest run --config test/e2e/pictures.config.ts
