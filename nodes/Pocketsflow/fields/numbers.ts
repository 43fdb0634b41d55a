/** Longer numbers are not compared digit by digit. None is exact, except for leading or trailing zeros. */
const maxDigits = 350;

/** Whether a number is finite, and no integer beyond 2^53 with digits that JavaScript changed. */
export const isExact = (value: number) =>
	Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));

/** Whether a number in JSON is still the same after JavaScript has read and written it. */
export function isExactText(text: string): boolean {
	if (text.length > maxDigits) return false;
	const value = Number(text);
	return isExact(value) && normalize(text) === normalize(String(value));
}

/** One form for every way to write a number: digits without outer zeros, and a power of ten. */
function normalize(text: string): string {
	const parts = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
	if (!parts) return text;
	const [, sign, whole, fraction = '', exponent = '0'] = parts;
	const digits = (whole + fraction).replace(/^0+/, '');
	const significant = digits.replace(/0+$/, '');
	if (significant === '') return '0';
	const power = Number(exponent) - fraction.length + digits.length - significant.length;
	return `${sign}${significant}e${power}`;
}
