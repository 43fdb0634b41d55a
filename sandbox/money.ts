/** Rounds an amount in major units (dollars) to whole cents. */
export const roundToCents = (amount: number) => Math.round(amount * 100) / 100;

/** An amount in major units (dollars) as a whole number of cents. */
export const toCents = (amount: number) => Math.round(amount * 100);
