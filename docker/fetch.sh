#!/bin/sh
# Downloads an archive that the file `versions` beside this script lists, and unpacks it without its top folder:
#
#   fetch.sh blender 4.5.11 /opt/blender/4.5.11
#   fetch.sh helm /opt/helm                        without a version: the first one listed
#
# BLENDER_BASE_URL, FLAMENCO_BASE_URL and HELM_BASE_URL name a mirror. An archive whose checksum is not the listed one is
# refused and nothing of it is unpacked.
set -eu

fail() {
  echo "fetch.sh: $1" >&2
  exit 1
}

case $# in
  2) program=$1 version='' folder=$2 ;;
  3) program=$1 version=$2 folder=$3 ;;
  *) fail 'usage: fetch.sh blender|flamenco|helm [VERSION] FOLDER' ;;
esac

case $program in
  blender) base=${BLENDER_BASE_URL:-https://download.blender.org/release} ;;
  flamenco) base=${FLAMENCO_BASE_URL:-https://flamenco.blender.org/downloads} ;;
  helm) base=${HELM_BASE_URL:-https://get.helm.sh} ;;
  *) fail "I know of blender, flamenco and helm, and not of $program" ;;
esac

versions=$(dirname "$0")/versions
listed=''
while read -r name number sum place; do
  [ "$name" = "$program" ] || continue
  listed="$listed $number"
  if [ -z "$version" ] || [ "$number" = "$version" ]; then
    version=$number checksum=$sum archive=$place
    break
  fi
done <"$versions"
[ -n "${archive:-}" ] || fail "$program ${version:-of any version} is not listed in $versions; there is:${listed:- nothing}"

case $checksum in
  *[!0-9a-f]*) bad=yes ;;
  *) [ ${#checksum} -eq 64 ] || bad=yes ;;
esac
[ -z "${bad:-}" ] ||
  fail "$program $version has no checksum in $versions (\"$checksum\"). Write the SHA-256 that its publisher lists for ${archive##*/}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
url=${base%/}/$archive
echo "fetch.sh: $url"
curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 --output "$work/archive" "$url" ||
  fail "could not download $url"

found=$(sha256sum "$work/archive")
found=${found%% *}
[ "$found" = "$checksum" ] ||
  fail "$url is not what $versions expects: its SHA-256 is $found, not $checksum. Nothing was unpacked"

mkdir -p "$folder"
tar --extract --file "$work/archive" --directory "$folder" --strip-components 1 --no-same-owner
