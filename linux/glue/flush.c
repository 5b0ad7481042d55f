// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions under a hypervisor.
 *
 * Before a region is committed the kernel flushes the CPU caches, because the
 * addresses are about to mean other memory. Where CPUID says "hypervisor" it
 * does not try, and no region can be committed. A machine whose CXL devices are
 * emulated has nothing to flush: the memory behind the addresses is coherent
 * whatever they mean. Parameter no_cache_flush lets the kernel go on there.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <asm/cpufeature.h>

#include "glue/flush.h"

static bool no_cache_flush;
module_param(no_cache_flush, bool, 0444);
MODULE_PARM_DESC(no_cache_flush,
		 "commit regions under a hypervisor without flushing CPU caches");

/* Answer yes, caches can be flushed; that itself does no harm in a guest. */
static int dcd_flush_possible(struct kretprobe_instance *ri,
			      struct pt_regs *regs)
{
	regs_set_return_value(regs, true);
	return 0;
}

static struct kretprobe flush_probe = {
	.kp.symbol_name = "cpu_cache_has_invalidate_memregion",
	.handler = dcd_flush_possible,
};

static bool probed;

/* Returns: 0, also when there is nothing to do, or -errno. */
int cxl_dcd_flush_init(void)
{
	int rc;

	if (!no_cache_flush)
		return 0;
	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR)) {
		pr_info("cxl_dcd: no_cache_flush has no effect: no hypervisor is seen, caches are flushed\n");
		return 0;
	}
	rc = register_kretprobe(&flush_probe);
	if (rc) {
		pr_err("cxl_dcd: no_cache_flush is not possible with this kernel (kretprobe: %d); hide the hypervisor instead: '-cpu max,-hypervisor' or '-cpu host,-hypervisor'\n",
		       rc);
		return rc;
	}
	probed = true;
	pr_warn("cxl_dcd: no_cache_flush: regions are committed though the hypervisor may not flush CPU caches; for emulated devices only\n");
	return 0;
}

void cxl_dcd_flush_exit(void)
{
	if (probed)
		unregister_kretprobe(&flush_probe);
	probed = false;
}
