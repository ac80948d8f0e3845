// Kernel text in words: what the .s files beside this one assemble to. Made by `npm run kernel-text`, not to be edited.
// The build makes it afresh; a test compares.
import type { PackedUnit } from "./unit.ts";

export const packedUnits: readonly PackedUnit[] = [
  {
    source: "checksum.s",
    machines: ["le elfv2","le elfv1"],
    symbols: [
      "__csum_partial 0 108 GE 0",
      "csum_partial 0 108 GE 0",
      "ip_fast_csum 112 32 GE 0",
      "csum_ipv6_magic 144 60 GE 0",
      "csum_fold 204 32 - 0",
    ],
    code: [
      "78a500207c8407b4300500007880e8c37c901120418200187c0903a6e8c30000",
      "386300087ca531144200fff4409d001080c30000386300047ca53114409e0010",
      "a0c30000386300027ca53114409f000c88c300007ca531147ca5019478a60002",
      "7c653214786300224e80002060000000788400207c8903a638a0000080c30000",
      "386300047ca532144200fff44800004078a5002078c606207ca5321478a545e4",
      "78e700207ca53a14e9030000e92300087ca540147ca54914e9040000e9240008",
      "7ca541147ca549147ca5019478a600027ca5321478a5002254a6803e7ca53214",
      "7ca528f878a384224e800020",
    ],
  },
  {
    source: "checksum.s",
    machines: ["be elfv1","be elfv2"],
    symbols: [
      "__csum_partial 0 112 GE 0",
      "csum_partial 0 112 GE 0",
      "ip_fast_csum 112 32 GE 0",
      "csum_ipv6_magic 144 56 GE 0",
      "csum_fold 200 32 - 0",
    ],
    code: [
      "78a500207c8407b4300500007880e8c37c901120418200187c0903a6e8c30000",
      "386300087ca531144200fff4409d001080c30000386300047ca53114409e0010",
      "a0c30000386300027ca53114409f001088c3000078c645e47ca531147ca50194",
      "78a600027c653214786300224e800020788400207c8903a638a0000080c30000",
      "386300047ca532144200fff44800003c78a5002078c606207ca5321478e70020",
      "7ca53a14e9030000e92300087ca540147ca54914e9040000e92400087ca54114",
      "7ca549147ca5019478a600027ca5321478a5002254a6803e7ca532147ca528f8",
      "78a384224e800020",
    ],
  },
  {
    source: "ftrace.s",
    machines: ["le elfv2","be elfv2"],
    symbols: [
      "_mcount 0 16 GE 0",
      "ftrace_caller 16 140 G 0",
      "ftrace_stub 160 4 G 0",
    ],
    code: [
      "7d8802a67d8903a67c0803a64e800420f8010010f821ff91f8610030f8810038",
      "f8a10040f8c10048f8e10050f9010058f9210060f94100687ce802a6f8e10028",
      "f8410018e84d00103867fffc7c04037838a0000038c000004800004960000000",
      "e8410018e98100287d8903a6e8610030e8810038e8a10040e8c10048e8e10050",
      "e9010058e9210060e941006838210070e80100107c0803a64e80042060000000",
      "4e800020",
    ],
  },
  {
    source: "ftrace.s",
    machines: ["be elfv1","le elfv1"],
    symbols: [
      "_mcount 0 16 GE 0",
      "ftrace_caller 16 140 G 0",
      "ftrace_stub 160 4 G 0",
    ],
    code: [
      "7d8802a67d8903a67c0803a64e800420f8010010f821ff41f8610080f8810088",
      "f8a10090f8c10098f8e100a0f90100a8f92100b0f94100b87ce802a6f8e10078",
      "f8410028e84d00103867fffc7c04037838a0000038c000004800004960000000",
      "e8410028e98100787d8903a6e8610080e8810088e8a10090e8c10098e8e100a0",
      "e90100a8e92100b0e94100b8382100c0e80100107c0803a64e80042060000000",
      "4e800020",
    ],
  },
  {
    source: "map-array.s",
    machines: ["le elfv2","be elfv1","be elfv2","le elfv1"],
    symbols: [
      "array_map_lookup_elem 0 52 - 0",
    ],
    code: [
      "81240000814300247c09504040800020814301047d295038814301007d2951d2",
      "7c634a14386301104e800020386000004e800020",
    ],
  },
  {
    source: "map-lookup.s",
    machines: ["le elfv2","be elfv2"],
    symbols: [
      "bpf_map_lookup_elem 0 60 G 8",
    ],
    code: [
      "3c4c0010384200007c0802a6f8010010f821ffe1f8410018e9230000e9890060",
      "7d8903a64e800421e841001838210020e80100107c0803a64e800020",
    ],
  },
  {
    source: "map-lookup.s",
    machines: ["be elfv1","le elfv1"],
    symbols: [
      "bpf_map_lookup_elem 0 60 G 0",
    ],
    code: [
      "7c0802a6f8010010f821ff91f8410028e9230000e9890060e80c0000e84c0008",
      "7c0903a64e800421e841002838210070e80100107c0803a64e800020",
    ],
  },
  {
    source: "memchr.s",
    machines: ["le elfv2","be elfv1","be elfv2","le elfv1"],
    symbols: [
      "memchr 0 44 GE 0",
    ],
    code: [
      "28250000418200207ca903a6788406203863ffff8c0300017c2020404d820020",
      "4200fff4386000004e800020",
    ],
  },
  {
    source: "memcmp.s",
    machines: ["le elfv2","le elfv1"],
    symbols: [
      "memcmp 0 104 GE 0",
    ],
    code: [
      "78a0e8c3418200247c0903a67cc01c287ce0242838630008388400087c263840",
      "408200384200ffe870a50007418200247ca903a688c3000088e4000038630001",
      "388400017c263840408200104200ffe8386000004e800020386000014d810020",
      "3860ffff4e800020",
    ],
  },
  {
    source: "memcmp.s",
    machines: ["be elfv1","be elfv2"],
    symbols: [
      "memcmp 0 104 GE 0",
    ],
    code: [
      "78a0e8c3418200247c0903a6e8c30000e8e4000038630008388400087c263840",
      "408200384200ffe870a50007418200247ca903a688c3000088e4000038630001",
      "388400017c263840408200104200ffe8386000004e800020386000014d810020",
      "3860ffff4e800020",
    ],
  },
  {
    source: "memcpy.s",
    machines: ["le elfv2","be elfv1","be elfv2","le elfv1"],
    symbols: [
      "memcpy 0 124 GE 0",
      "memmove 128 12 GE 0",
      "backwards_memcpy 140 128 - 0",
    ],
    code: [
      "7c661b7878a0e1037cb01120418200247c0903a6e8e40000e904000838840010",
      "f8e60000f906000838c600104200ffe8409c0014e8e4000038840008f8e60000",
      "38c60008409d001480e400003884000490e6000038c60004409e0014a0e40000",
      "38840002b0e6000038c600024c9f002088e4000098e600004e80002060000000",
      "7c0418507c2028404080ff787cc32a147c842a1478a0e1037cb0112041820024",
      "7c0903a6e8e4fff8e904fff03884fff0f8e6fff8f906fff038c6fff04200ffe8",
      "409c0014e8e4fff83884fff8f8e6fff838c6fff8409d001480e4fffc3884fffc",
      "90e6fffc38c6fffc409e0014a0e4fffe3884fffeb0e6fffe38c6fffe4c9f0020",
      "88e4ffff98e6ffff4e800020",
    ],
  },
  {
    source: "memset.s",
    machines: ["le elfv2","be elfv1","be elfv2","le elfv1"],
    symbols: [
      "memset 0 80 GE 0",
    ],
    code: [
      "5084442e5084801e7884000e7c661b7878a0e8c37cb01120418200147c0903a6",
      "f886000038c600084200fff8409d000c9086000038c60004409e000cb0860000",
      "38c600024c9f0020988600004e800020",
    ],
  },
  {
    source: "stf-barrier.s",
    machines: ["le elfv2","be elfv1","be elfv2","le elfv1"],
    symbols: [
      "bpf_stf_barrier 0 84 G 0",
    ],
    code: [
      "faa1ffc0fac1ffc87c0004aceaa1ffc0eac1ffc863ff00004800000448000004",
      "4800000448000004480000044800000448000004480000044800000448000004",
      "480000044800000448000004480000044e800020",
    ],
  },
  {
    source: "strchr.s",
    machines: ["le elfv2","be elfv1","be elfv2","le elfv1"],
    symbols: [
      "strchr 0 36 GE 0",
      "strrchr 48 40 GE 0",
    ],
    code: [
      "788406203863ffff8c0300017c2020404d8200202c0000004082fff038600000",
      "4e8000206000000060000000600000007884062038a3ffff386000008c050001",
      "7c202040408200087ca32b782c0000004082ffec4e800020",
    ],
  },
  {
    source: "strcmp.s",
    machines: ["le elfv2","be elfv1","be elfv2","le elfv1"],
    symbols: [
      "strcmp 0 36 GE 0",
      "strncmp 48 56 GE 0",
    ],
    code: [
      "38a3ffff3884ffff8cc500018c0400012c8600007c6030514c8200204086ffec",
      "4e800020600000006000000060000000282500004182002c7ca903a638a3ffff",
      "3884ffff8cc500018c0400012c8600007c6030514c8200204d8600204200ffe8",
      "386000004e800020",
    ],
  },
  {
    source: "strcpy.s",
    machines: ["le elfv2","be elfv1","be elfv2","le elfv1"],
    symbols: [
      "strcat 0 24 GE 0",
      "strcpy 32 28 GE 0",
      "strncpy 64 52 GE 0",
      "strscpy 128 68 GE 0",
    ],
    code: [
      "38a3ffff8c0500012c0000004082fff838a5ffff480000106000000060000000",
      "38a3ffff3884ffff8c0400012c0000009c0500014082fff44e80002060000000",
      "282500004d8200207ca903a638c3ffff3884ffff8c0400012c0000009c060001",
      "4e4000204082fff09c0600014200fffc4e800020600000006000000060000000",
      "28250000418200387ca903a638c3ffff3884ffff8c0400012c0000009c060001",
      "418200144200fff038000000980600004800000c7c6330504e8000203860fff9",
      "4e800020",
    ],
  },
  {
    source: "strlen.s",
    machines: ["le elfv2","be elfv1","be elfv2","le elfv1"],
    symbols: [
      "strlen 0 24 GE 0",
      "strnlen 32 48 GE 0",
    ],
    code: [
      "3883ffff8c0400012c0000004082fff87c6320504e8000206000000060000000",
      "282400004182001c7c8903a638a3ffff8c0500012c000000418200104200fff4",
      "7c8323784e8000207c6328504e800020",
    ],
  },
  {
    source: "test-run.s",
    machines: ["le elfv2","be elfv2"],
    symbols: [
      "bpf_test_run 0 44 - 0",
    ],
    code: [
      "7c0802a6f8010010f821ffe1f84100187d8903a64e800421e841001838210020",
      "e80100107c0803a600000200",
    ],
  },
  {
    source: "test-run.s",
    machines: ["be elfv1","le elfv1"],
    symbols: [
      "bpf_test_run 0 52 - 0",
    ],
    code: [
      "7c0802a6f8010010f821ff91f8410028e80c0000e84c00087c0903a64e800421",
      "e841002838210070e80100107c0803a600000200",
    ],
  },
];
