// Which licenses let a program call what is for GPL programs only.

const GPL = /^(GPL|GPL v2|GPL and additional rights|Dual BSD\/GPL|Dual MIT\/GPL|Dual MPL\/GPL)$/;

/** @linux include/linux/license.h license_is_gpl_compatible */
export const isGplCompatible = (license: string): boolean => GPL.test(license);
