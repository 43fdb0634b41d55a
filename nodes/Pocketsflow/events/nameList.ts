/** Splits the text of a field that names several things, separated by commas, blanks or lines. */
export function splitNames(text: unknown): string[] {
	return String(text ?? '')
		.split(/[\s,]+/)
		.filter(Boolean);
}
