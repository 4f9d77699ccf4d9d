#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
. tests/host/lib.sh
thin_bundle
"$BUILD/tests/host/check_ports"
