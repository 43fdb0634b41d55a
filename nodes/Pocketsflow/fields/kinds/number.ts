import { defineField, InvalidInputError, type Field, type Presentation } from '../field';
import { isExactText } from '../numbers';

interface NumberBounds {
	min?: number;
	max?: number;
	integer?: boolean;
	decimals?: number;
}

/**
 * A number, or text that is entirely one. Without a harmless default, the parameter is text: n8n
 * fills number parameters with 0 and never marks them as missing
 * (docs/n8n-engine.md#loading-and-metadata).
 */
export function numberField(shown: Presentation, bounds: NumberBounds = {}): Field<number> {
	const { min: minValue, max: maxValue } = bounds;
	const typeOptions = {
		...(minValue !== undefined && { minValue }),
		...(maxValue !== undefined && { maxValue }),
	};
	return defineField(
		shown.default === undefined
			? { type: 'string', default: '', ...shown }
			: { type: 'number', default: 0, ...shown, typeOptions },
		(raw) =>
			typeof raw === 'string' && raw.trim() === ''
				? undefined
				: readNumber(shown.displayName, raw, bounds),
	);
}

function readNumber(
	displayName: string,
	raw: unknown,
	{ min, max, integer, decimals }: NumberBounds,
): number {
	const value = isNumeric(raw) ? Number(raw) : NaN;
	const refuse = (wrong: string, remedy: string) =>
		new InvalidInputError(`'${displayName}' ${wrong}`, remedy);
	if (!Number.isFinite(value) || (integer && !Number.isSafeInteger(value)))
		throw refuse(
			`must be a ${integer ? 'whole ' : ''}number`,
			integer ? 'Use digits only, such as 10.' : 'Use digits and a decimal point, such as 29.99.',
		);
	if (min !== undefined && value < min)
		throw refuse(`must be ${min} or more`, `Use a number of at least ${min}.`);
	if (max !== undefined && value > max)
		throw refuse(`must be ${max} or less`, `Use a number of at most ${max}.`);
	if (decimals !== undefined && (!isExactNumeric(raw) || Number(value.toFixed(decimals)) !== value))
		throw refuse(`can have at most ${decimals} decimal places, not ${value}`, 'Round it first.');
	return value;
}

const isNumeric = (raw: unknown): raw is number | string =>
	typeof raw === 'number' || (typeof raw === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(raw));

const isExactNumeric = (raw: unknown) => typeof raw !== 'string' || isExactText(raw.trim());

export const notCents = '29.99 is $29.99, not cents';

/**
 * An amount in major units (docs/pocketsflow-api.md#money): 29.99 is $29.99. Some currencies have
 * three decimal places; more are a rounding error, such as that of 0.1 + 0.2.
 */
export function moneyField(
	shown: Presentation,
	{ min = 0 }: Pick<NumberBounds, 'min'> = {},
): Field<number> {
	const bounds = { min, max: 999_999_999, decimals: 3 };
	return numberField({ hint: notCents, placeholder: 'e.g. 29.99', ...shown }, bounds);
}
