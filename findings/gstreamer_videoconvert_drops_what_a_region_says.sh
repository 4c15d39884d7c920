#!/usr/bin/env bash
# GStreamer 1.22 (and 1.26): videoconvert and videoscale keep a region of interest and drop its parameters, in silence.
#
# Seen: a buffer with a GstVideoRegionOfInterestMeta "car" that has one parameter, a structure with a confidence, goes through identity
# and videobalance as it is. Behind videoconvert, RGB to BGR, and behind videoscale the region is there, at its place scaled with the
# picture, and has no parameters. videoflip drops the region.
#
# Most would guess that a change of colours, which moves nothing, leaves the metadata of a place as it is, or drops it as a whole: so
# an element behind it sees regions and finds no score, label or track in any of them.
#
# Source: gst_video_region_of_interest_meta_add_param in the documentation of GStreamer's video library
# (https://gstreamer.freedesktop.org/documentation/video/gstvideometa.html), by which parameters are attached for a region's consumers,
# with nothing said of transformations that drop them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mirror=${MIRROR:-http://deb.debian.org/debian}
debootstrap --variant=minbase bookworm "$folder/root" "$mirror" > /dev/null  # wants root, and a minute or two
cp -r /etc/apt/apt.conf.d/. "$folder/root/etc/apt/apt.conf.d/"  # how this machine reaches it
cat > "$folder/root/tmp/try.c" <<'C'
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <stdio.h>
static void try(const char* element, const char* to) {
  GstHarness* h = gst_harness_new(element);
  gst_harness_set_caps_str(h, "video/x-raw,format=RGB,width=64,height=48,framerate=30/1", to);
  GstBuffer* buffer = gst_buffer_new_allocate(NULL, 64 * 48 * 3, NULL);
  GstVideoRegionOfInterestMeta* region = gst_buffer_add_video_region_of_interest_meta(buffer, "car", 8, 8, 16, 12);
  gst_video_region_of_interest_meta_add_param(region, gst_structure_new("detection", "confidence", G_TYPE_DOUBLE, 0.9, NULL));
  gst_harness_push(h, buffer);
  buffer = gst_harness_pull(h);
  region = (GstVideoRegionOfInterestMeta*)gst_buffer_get_meta(buffer, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
  printf("%s: ", element);
  if (region == NULL) printf("no region\n");
  else printf("%s at %u,%u %ux%u, %u parameters\n", g_quark_to_string(region->roi_type), region->x, region->y, region->w, region->h, g_list_length(region->params));
  gst_buffer_unref(buffer);
  gst_harness_teardown(h);
}
int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  printf("%s\n", gst_version_string());
  try("identity", "video/x-raw,format=RGB,width=64,height=48,framerate=30/1");
  try("videobalance", "video/x-raw,format=RGB,width=64,height=48,framerate=30/1");
  try("videoconvert", "video/x-raw,format=BGR,width=64,height=48,framerate=30/1");
  try("videoscale", "video/x-raw,format=RGB,width=32,height=24,framerate=30/1");
  return 0;
}
C
chroot "$folder/root" bash -euc '
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -q
    apt-get install -y -q --no-install-recommends gcc libc6-dev pkg-config libgstreamer-plugins-base1.0-dev=1.22.0-3+deb12u* \
      gstreamer1.0-plugins-base gstreamer1.0-plugins-good; } > /dev/null 2>&1
  cd /tmp
  gcc try.c -o try $(pkg-config --cflags --libs gstreamer-check-1.0 gstreamer-video-1.0)
  ./try' | tee "$folder/seen"
grep -q "videobalance: car at 8,8 16x12, 1 parameters" "$folder/seen"
grep -q "videoconvert: car at 8,8 16x12, 0 parameters" "$folder/seen"
grep -q "videoscale: car at 4,4 8x6, 0 parameters" "$folder/seen"
