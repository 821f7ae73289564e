/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of coffer measure; each gives its own exit code. */
#pragma once

int cof_cmd_calibrate(int argc, char **argv);
int cof_cmd_measure_eventlog(int argc, char **argv);
int cof_cmd_measure_explain(int argc, char **argv);
int cof_cmd_measure_idblock(int argc, char **argv);
int cof_cmd_measure_inspect(int argc, char **argv);
int cof_cmd_measure_record(int argc, char **argv);
