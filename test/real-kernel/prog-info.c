// The one process of a real ppc64el kernel that is booted under QEMU to be asked for BPF programs: loads some as root and as a user
// without capabilities, prints what the kernel says of them and what /proc/kallsyms has, and switches the machine off.
// Built with powerpc64le-linux-gnu-gcc -static; the output is read by test/real-kernel-info.test.ts.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 8, BPF_MAXINSNS_ = 4096 };

static long bpf(int command, union bpf_attr *attr) { return syscall(SYS_bpf, command, attr, sizeof *attr); }

static void set(const char *file, const char *value) {
  int fd = open(file, O_WRONLY);
  if (fd < 0 || write(fd, value, strlen(value)) < 0) printf("@! %s: %m\n", file);
  if (fd >= 0) close(fd);
}

/* NAME: ok, or an errno's name. */
static int load(const char *name, int type, const struct bpf_insn *insns, int count) {
  static char log[1 << 20];
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.prog_type = type;
  attr.insns = (unsigned long)insns;
  attr.insn_cnt = count;
  attr.license = (unsigned long)"GPL";
  attr.log_buf = (unsigned long)log;
  attr.log_size = sizeof log;
  attr.log_level = 1;
  log[0] = 0;
  int fd = bpf(BPF_PROG_LOAD, &attr);
  printf("load %s: %s\n", name, fd < 0 ? strerrorname_np(errno) : "ok");
  char *line = strstr(log, "back-edge");
  if (line == 0) line = strstr(log, "loading/calling");
  if (line != 0) printf("log %s: %.*s\n", name, (int)strcspn(line, "\n"), line);
  return fd;
}

static void show(int fd) {
  unsigned long images[MOST] = {0};
  unsigned int lengths[MOST] = {0};
  static struct bpf_insn insns[64];
  static char code[4096];
  struct bpf_prog_info info;
  memset(&info, 0, sizeof info);
  info.nr_jited_ksyms = info.nr_jited_func_lens = MOST;
  info.jited_ksyms = (unsigned long)images;
  info.jited_func_lens = (unsigned long)lengths;
  info.xlated_prog_len = sizeof insns;
  info.xlated_prog_insns = (unsigned long)insns;
  info.jited_prog_len = sizeof code;
  info.jited_prog_insns = (unsigned long)code;
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.info.bpf_fd = fd;
  attr.info.info_len = sizeof info;
  attr.info.info = (unsigned long)&info;
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0) {
    printf("@! BPF_OBJ_GET_INFO_BY_FD: %m\n");
    return;
  }
  printf("info uid %u jited %d %d xlated %d ksyms %u %d lens %u %d verified %u\n", info.created_by_uid,
         info.jited_prog_len > 0, info.jited_prog_insns != 0, info.xlated_prog_len, info.nr_jited_ksyms,
         info.jited_ksyms != 0, info.nr_jited_func_lens, info.jited_func_lens != 0, info.verified_insns);
  for (unsigned int i = 0; i < info.nr_jited_ksyms && i < MOST; i++) printf("ksym %016lx\n", images[i]);
  for (unsigned int i = 0; i < info.xlated_prog_len / sizeof *insns; i++)
    if (insns[i].code == (BPF_JMP | BPF_CALL))
      printf("call src %d off %d imm %d\n", insns[i].src_reg, insns[i].off, insns[i].imm);
}

static void show_symbols(void) {
  FILE *file = fopen("/proc/kallsyms", "r");
  char line[512];
  while (file != 0 && fgets(line, sizeof line, file) != 0)
    if (strstr(line, " bpf_prog_") != 0 && strstr(line, "[bpf]") != 0) printf("symbol %s", line);
  if (file != 0) fclose(file);
}

#define INSN(CODE, DST, SRC, OFF, IMM) {.code = CODE, .dst_reg = DST, .src_reg = SRC, .off = OFF, .imm = IMM}
static const struct bpf_insn plain[] = {INSN(0xb7, 0, 0, 0, 7), INSN(0x95, 0, 0, 0, 0)};
static const struct bpf_insn calls[] = {
    INSN(0xb7, 1, 0, 0, 1), INSN(0x85, 0, 1, 0, 4), INSN(0xbf, 1, 0, 0, 0), INSN(0x85, 0, 1, 0, 5),
    INSN(0x85, 0, 0, 0, 5), INSN(0x95, 0, 0, 0, 0), INSN(0xbf, 0, 1, 0, 0), INSN(0x07, 0, 0, 0, 1),
    INSN(0x95, 0, 0, 0, 0), INSN(0xbf, 0, 1, 0, 0), INSN(0x07, 0, 0, 0, 1), INSN(0x95, 0, 0, 0, 0),
};
static const struct bpf_insn loop[] = {INSN(0xb7, 1, 0, 0, 3), INSN(0x07, 1, 0, 0, -1), INSN(0x55, 1, 0, -2, 0),
                                       INSN(0xb7, 0, 0, 0, 0), INSN(0x95, 0, 0, 0, 0)};

static void all(void) {
  static struct bpf_insn many[BPF_MAXINSNS_ + 1];
  int fd = load("plain", BPF_PROG_TYPE_SOCKET_FILTER, plain, 2);
  if (fd >= 0) show(fd);
  fd = load("calls", BPF_PROG_TYPE_SOCKET_FILTER, calls, 12);
  if (fd >= 0) show(fd);
  load("loop", BPF_PROG_TYPE_SOCKET_FILTER, loop, 5);
  load("xdp", BPF_PROG_TYPE_XDP, plain, 2);
  for (int i = 0; i <= BPF_MAXINSNS_; i++) many[i] = plain[0];
  many[BPF_MAXINSNS_] = plain[1];
  load("many", BPF_PROG_TYPE_XDP, many, BPF_MAXINSNS_ + 1);
  show_symbols();
}

int main(void) {
  mkdir("/proc", 0755);
  mount("proc", "/proc", "proc", 0, 0);
  set("/proc/sys/kernel/kptr_restrict", "0");
  set("/proc/sys/kernel/unprivileged_bpf_disabled", "0");
  set("/proc/sys/net/core/bpf_jit_enable", "1");
  set("/proc/sys/net/core/bpf_jit_kallsyms", "1");
  set("/proc/sys/net/core/bpf_jit_harden", "0");
  printf("\n@@ root\n");
  all();
  printf("@@ hidden\n");
  set("/proc/sys/net/core/bpf_jit_kallsyms", "0");
  show_symbols();
  set("/proc/sys/net/core/bpf_jit_kallsyms", "1");
  printf("@@ restricted\n");
  set("/proc/sys/kernel/kptr_restrict", "2");
  int fd = load("calls", BPF_PROG_TYPE_SOCKET_FILTER, calls, 12);
  if (fd >= 0) show(fd);
  show_symbols();
  set("/proc/sys/kernel/kptr_restrict", "0");
  printf("@@ user\n");
  fflush(stdout);
  if (fork() == 0) {
    if (setgid(1000) != 0 || setuid(1000) != 0) printf("@! setuid: %m\n");
    all();
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  printf("@@ end\n");
  fflush(stdout);
  sleep(1);
  sync();
  reboot(RB_POWER_OFF);
}
