#!/bin/sh
# What a configuration database gives: the groups for --list, a host's variables for --host.
cd "$(dirname "$0")" || exit 1
case "$1" in
  --list) cat cmdb.json ;;
  --host) echo "{\"asset\": \"$2-$(echo "$2" | tr -cd 0-9)\", \"ansible_host\": \"10.9.8.$(echo "$2" | tr -cd 0-9)\"}" ;;
  *) exit 2 ;;
esac
