// The bits of MSR that translation depends on.

/** In the low word. [Power ISA v3.1B III 4.2.1] */
export const MSR = Object.freeze({ PR: 0x4000, IR: 0x20, DR: 0x10 });
