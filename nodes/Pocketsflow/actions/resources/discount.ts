import type { IDataObject } from 'n8n-workflow';

import { parseDate } from '../../api/dates';
import { lists } from '../../api/lists';
import { readFlag } from '../../api/responses';
import { buildAdditionalFields } from '../../fields/shared/collections';
import { dateField } from '../../fields/kinds/date';
import { buildProductField, locatorField, mainProductsField } from '../../fields/locators';
import { formatActive, formatAmount, formatText, buildPicker } from '../../fields/pickers';
import { InvalidInputError, type CollectionValues, type Field } from '../../fields/field';
import { switchField } from '../../fields/kinds/boolean';
import { choiceField } from '../../fields/kinds/choice';
import { numberField } from '../../fields/kinds/number';
import { codeField, textField } from '../../fields/kinds/text';
import type { Denial } from '../denial';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const discountField = locatorField({
	displayName: 'Discount',
	name: 'discountId',
	placeholder: 'e.g. 6a5500000000000000000ddd',
	picker: buildPicker('searchDiscounts', lists.discounts, (record) => [
		formatText(record.code) ?? formatText(record.name) ?? 'Unnamed',
		formatDiscountValue(record),
		formatText(record.name),
		formatActive(record),
	]),
});

function formatDiscountValue({ value, valueType }: IDataObject): string | undefined {
	const text = formatText(value);
	return valueType === 'fixed' ? formatAmount(value, undefined) : text && `${text}%`;
}

const nameField = textField({
	displayName: 'Name',
	name: 'name',
	required: true,
	placeholder: 'e.g. Spring sale',
	description: 'The name of the discount in your account',
});

const discountCodeField = codeField({
	displayName: 'Code',
	name: 'code',
	required: true,
	placeholder: 'e.g. SPRING20',
	description: 'The code that buyers enter at checkout',
});

const valueTypeField = choiceField({
	displayName: 'Value Type',
	name: 'valueType',
	description: 'The type of the value: a percentage of the price or a fixed amount',
	default: 'percentage',
	options: [
		{ name: 'Fixed Amount', value: 'fixed' },
		{ name: 'Percentage', value: 'percentage' },
	],
});

const valueField = numberField(
	{
		displayName: 'Value',
		name: 'value',
		required: true,
		placeholder: 'e.g. 20',
		hint: 'For a percentage, 20 is 20%; for a fixed amount, 20 is $20.00, not cents',
		description:
			'The value of the discount: 20 is 20% for a percentage, or $20.00 for a fixed amount',
	},
	{ min: 0.01, max: 999_999_999, decimals: 3 },
);

const activeField = switchField('Active', 'active', 'Whether buyers can use the discount');

const expirationField = dateField(
	{
		displayName: 'Expiration',
		name: 'expiration',
		description:
			'When the discount ends, as an ISO 8601 date and time. A date without a time includes that day.',
	},
	'end',
);

const changedExpirationField: Field<string> = { ...expirationField, emptyValue: null };

/** @throws InvalidInputError for a percentage above 100: it is meant as an amount, or mistyped */
function checkPercentage(value: unknown, valueType: unknown): void {
	if (valueType === 'percentage' && typeof value === 'number' && value > 100)
		throw new InvalidInputError(
			"'Value' must be 100 or less for a percentage",
			"Use 20 for 20%, or set 'Value Type' to 'Fixed Amount'.",
		);
}

/** Whether a date, or all of a day in UTC, is over. */
const isPast = (date: unknown): boolean => {
	const time = parseDate(date, 'UTC', 'end');
	return time !== undefined && time.getTime() < Date.now();
};

/** @throws InvalidInputError for an expiration that is over: nobody could use the discount */
function checkExpiration(values: CollectionValues): CollectionValues {
	if (isPast(values.expiration))
		throw new InvalidInputError("'Expiration' is in the past", 'Use a later date and time.');
	return values;
}

const checkCode =
	'Check the code. The discount must be active, not expired, and valid for the product';

/** The form of the response is not documented (docs/pocketsflow-api.md#discounts-and-upsells). */
const denial: Denial = {
	keys: ['valid', 'isValid', 'is_valid', 'usable', 'applicable', 'active', 'isActive'],
	statuses: ['inactive', 'expired', 'disabled', 'invalid', 'ended'],
	refuses: ({ expired, isExpired, expiration }) =>
		readFlag(expired) === true || readFlag(isExpired) === true || isPast(expiration),
	message: 'Pocketsflow responded that this discount code cannot be used',
	description: `${checkCode}.`,
};

const discounts = new RecordOperations({
	noun: 'discount',
	endpoint: lists.discounts,
	field: discountField,
	simplifiedKeys: [
		'name',
		'code',
		'value',
		'valueType',
		'active',
		'mainProductIds',
		'expiration',
		'used',
		'testMode',
	],
});

export const discountResource: Resource = {
	option: { name: 'Discount', value: 'discount' },
	operations: [
		discounts.create('Create a discount code for one or more products', {
			fields: [nameField, discountCodeField, valueTypeField, valueField, mainProductsField],
			additional: [activeField, expirationField],
			body(item) {
				checkPercentage(item.get(valueField), item.get(valueTypeField));
				return {
					name: item.require(nameField),
					code: item.require(discountCodeField),
					valueType: item.require(valueTypeField),
					value: item.require(valueField),
					mainProductIds: item.require(mainProductsField),
					...checkExpiration(item.getOptional()),
				};
			},
		}),
		discounts.delete('Delete a discount permanently. Its code stops working.'),
		discounts.get(),
		discounts.getMany(),
		discounts.update("Update a discount. Fields that you don't set keep their values.", {
			changes: [
				activeField,
				discountCodeField,
				changedExpirationField,
				mainProductsField,
				nameField,
				valueField,
				valueTypeField,
			],
			body(changes) {
				checkPercentage(changes.value, changes.valueType);
				return changes;
			},
		}),
		{
			option: {
				name: 'Validate',
				value: 'validate',
				action: 'Validate discount code',
				description: 'Check whether a discount code can be used. If not, the node fails.',
			},
			fields: [discountCodeField],
			collections: [
				buildAdditionalFields(
					buildProductField({ description: 'The product to use the discount code for' }),
				),
			],
			request: (item) => ({
				method: 'POST',
				path: '/discounts/validate',
				body: { code: item.require(discountCodeField), ...item.getOptional() },
				ifNotFound: checkCode,
			}),
			denial,
			effect: 'read',
			response: {
				kind: 'message',
				output: (item) => ({ code: item.require(discountCodeField), valid: true }),
			},
		},
	],
};
