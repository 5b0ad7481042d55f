// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel function that takes its time before it returns: what another
 * processor does meanwhile would else be a matter of luck.
 *
 *   insmod cxl_dcd_slow.ko function=NAME ms=N
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static char *function = "alloc_dax_region";
module_param(function, charp, 0444);

static unsigned int ms = 20;
module_param(ms, uint, 0444);

/* Whoever is in here must not sleep: it keeps its processor busy. */
static int slow_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	mdelay(ms);
	return 0;
}

static struct kretprobe probe = { .handler = slow_return };

static int __init slow_init(void)
{
	probe.kp.symbol_name = function;
	return register_kretprobe(&probe);
}

static void __exit slow_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(slow_init);
module_exit(slow_exit);
MODULE_DESCRIPTION("Test of cxl_dcd: a function that takes its time");
MODULE_LICENSE("GPL");
