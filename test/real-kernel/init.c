// The one process of a real ppc64el kernel that is booted under QEMU to be looked at: prints where the kernel has put things,
// loads BPF programs of a main function and two more, prints where their images are, and switches the machine off.
// Built with powerpc64le-linux-gnu-gcc -static; the output is read by test/real-kernel/observe.ts.
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PROGRAMS = 40 };

static void section(const char *name) { printf("\n@@ %s\n", name); }

static void set(const char *file, const char *value) {
  int fd = open(file, O_WRONLY);
  if (fd < 0) return;
  if (write(fd, value, strlen(value)) < 0) printf("@! %s\n", file);
  close(fd);
}

static void show(const char *file) {
  section(file);
  static char buffer[1 << 16];
  int fd = open(file, O_RDONLY);
  for (ssize_t n; fd >= 0 && (n = read(fd, buffer, sizeof buffer)) > 0;) fwrite(buffer, 1, n, stdout);
  if (fd >= 0) close(fd);
}

/* Lines of /proc/kallsyms that name what a layout says, and every BPF program. */
static void show_symbols(void) {
  static const char *const wanted[] = {"_text", "_stext", "_etext", "_sdata", "_edata", "_end", "__bpf_call_base",
                                       "__end_rodata", "__init_begin", "__init_end", "_sinittext", "swapper_pg_dir",
                                       "init_task", "__start_rodata", "__toc_start", ".TOC.", 0};
  section("kallsyms");
  FILE *file = fopen("/proc/kallsyms", "r");
  char line[512], name[400];
  while (file != 0 && fgets(line, sizeof line, file) != 0) {
    if (sscanf(line, "%*s %*s %399s", name) != 1) continue;
    int show_it = strncmp(name, "bpf_prog_", 9) == 0 && strstr(line, "[bpf]") != 0;
    for (int i = 0; wanted[i] != 0; i++) show_it |= strcmp(name, wanted[i]) == 0;
    if (show_it) fputs(line, stdout);
  }
  if (file != 0) fclose(file);
}

static long bpf(int command, union bpf_attr *attr) { return syscall(SYS_bpf, command, attr, sizeof *attr); }

/* main calls two functions, each of which returns its argument plus one. */
static int load(void) {
#define INSN(CODE, DST, SRC, OFF, IMM) {.code = CODE, .dst_reg = DST, .src_reg = SRC, .off = OFF, .imm = IMM}
  static const struct bpf_insn insns[] = {
      INSN(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
      INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 3),
      INSN(BPF_ALU64 | BPF_MOV | BPF_X, 1, 0, 0, 0),
      INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 4),
      INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
      INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 0, 0),
      INSN(BPF_ALU64 | BPF_ADD | BPF_K, 0, 0, 0, 1),
      INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
      INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 0, 0),
      INSN(BPF_ALU64 | BPF_ADD | BPF_K, 0, 0, 0, 1),
      INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
  static char log[4096];
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insns = (unsigned long)insns;
  attr.insn_cnt = sizeof insns / sizeof *insns;
  attr.license = (unsigned long)"GPL";
  attr.log_buf = (unsigned long)log;
  attr.log_size = sizeof log;
  attr.log_level = 1;
  int fd = bpf(BPF_PROG_LOAD, &attr);
  if (fd < 0) printf("@! BPF_PROG_LOAD: %m\n%s\n", log);
  return fd;
}

/* Addresses of the images and bytes of code, a line for each program. */
static void show_program(int fd) {
  unsigned long images[8] = {0};
  unsigned int lengths[8] = {0};
  struct bpf_prog_info info;
  memset(&info, 0, sizeof info);
  info.nr_jited_ksyms = info.nr_jited_func_lens = 8;
  info.jited_ksyms = (unsigned long)images;
  info.jited_func_lens = (unsigned long)lengths;
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.info.bpf_fd = fd;
  attr.info.info_len = sizeof info;
  attr.info.info = (unsigned long)&info;
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0) {
    printf("@! BPF_OBJ_GET_INFO_BY_FD: %m\n");
    return;
  }
  for (unsigned int i = 0; i < info.nr_jited_ksyms && i < 8; i++)
    printf("%s0x%016lx+%u", i == 0 ? "" : " ", images[i], lengths[i]);
  printf("\n");
}

int main(void) {
  mkdir("/proc", 0755);
  mkdir("/sys", 0755);
  mount("proc", "/proc", "proc", 0, 0);
  mount("sysfs", "/sys", "sysfs", 0, 0);
  set("/proc/sys/kernel/kptr_restrict", "0");
  set("/proc/sys/kernel/printk", "1");
  set("/proc/sys/net/core/bpf_jit_enable", "1");
  set("/proc/sys/net/core/bpf_jit_kallsyms", "1");
  set("/proc/sys/net/core/bpf_jit_harden", "0");
  section("log");
  static char log[1 << 18];
  int length = klogctl(3, log, sizeof log);
  if (length > 0) fwrite(log, 1, length, stdout);
  section("page size");
  printf("%ld\n", sysconf(_SC_PAGESIZE));
  show("/proc/version");
  show("/proc/cpuinfo");
  show("/proc/iomem");
  show("/proc/buddyinfo");
  show("/proc/vmallocinfo");
  section("programs");
  int programs[PROGRAMS];
  for (int i = 0; i < PROGRAMS; i++) programs[i] = load();
  for (int i = 0; i < PROGRAMS; i++)
    if (programs[i] >= 0) show_program(programs[i]);
  show_symbols();
  show("/proc/vmallocinfo");
  section("end");
  fflush(stdout);
  sleep(1);
  sync();
  reboot(RB_POWER_OFF);
}
