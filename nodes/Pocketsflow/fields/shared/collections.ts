import { InvalidInputError, type Collection, type CollectionValues, type Field } from '../field';
import { dateField } from '../kinds/date';

export const buildAdditionalFields = (...fields: Field[]): Collection => ({
	name: 'additionalFields',
	displayName: 'Additional Fields',
	addButton: 'Add Field',
	description: 'Blank fields are not sent. Expressions must return a value.',
	fields,
});

export const buildUpdateFields = (...fields: Field[]): Collection => ({
	name: 'updateFields',
	displayName: 'Update Fields',
	addButton: 'Add Field',
	description:
		'Fields that you add here are sent even if blank; a blank field clears the value. Other fields are not changed. Expressions must return a value.',
	fields,
	sendsEmpty: true,
});

export const buildFilters = (...fields: Field[]): Collection => ({
	name: 'filters',
	displayName: 'Filters',
	addButton: 'Add Filter',
	description: 'Blank filters are not applied. Expressions must return a value.',
	fields,
});

const startDateField = dateField({
	displayName: 'Start Date',
	name: 'startDate',
	description:
		"Only records created at or after this ISO 8601 date and time. If there is no time zone, the workflow's time zone applies.",
});

const endDateField = dateField(
	{
		displayName: 'End Date',
		name: 'endDate',
		description:
			'Only records created at or before this ISO 8601 date and time. A date without a time includes that day.',
	},
	'end',
);

export const dateRangeFields = [startDateField, endDateField];

/** Returns the values. @throws InvalidInputError if their date range ends before it begins */
export function checkDateRange(values: CollectionValues): CollectionValues {
	const { startDate, endDate } = values;
	if (typeof startDate === 'string' && typeof endDate === 'string' && endDate < startDate)
		throw new InvalidInputError(
			"'End Date' is before 'Start Date'",
			'Use the same or a later end date.',
		);
	return values;
}
