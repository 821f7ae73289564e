/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only PID 1 of the guest does: mounts, kernel modules, leaving the initramfs root, and switching the machine
 * off. Its mistakes end the guest with one line on the console.
 */
#pragma once

#include "common/err.h"

enum { COF_BOOT_MODULES_MAX = 256 };

/* proc, sys, dev, tmpfs, cgroup2, securityfs, devpts, /run; in order, from one table. */
COF_WUR int cof_boot_mounts(cof_err *err);
/*
 * Makes / a mount of its own, so that pivot_root works for containers: the kernel refuses it while the root is the
 * initramfs itself. The files stay where they are and nothing is copied.
 */
COF_WUR int cof_boot_leave_initramfs(cof_err *err);
/*
 * Loads the modules that list names, one path per line; '#' begins a comment. A line "PATH CONDITION" counts only where
 * the condition holds: "virtio:TYPE" and "platform:NAME" on a machine with such a device, "cpu:FLAG" on one whose
 * processor says so; code that nobody needs is no way in. An absent list is fine. A module that is there already is
 * fine too.
 */
COF_WUR int cof_boot_modules(const char *list, cof_err *err);
/* The machine has a virtio device of this type, as sysfs writes it: "0x0013". */
bool cof_boot_has_virtio(const char *type);
/* Reports by configfs where a module brought it; loopback up; the console for our log; sane limits; kernel settings
 * that containers must not inherit loose. */
COF_WUR int cof_boot_settle(cof_err *err);
/* Only PID 1 ever calls it. Does not return. */
__attribute__((noreturn)) void cof_boot_power_off(void);
/* One line on the console and on the log. */
void cof_boot_say(const char *reason, const char *text);
