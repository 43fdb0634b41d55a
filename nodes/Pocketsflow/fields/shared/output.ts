import { switchField } from '../kinds/boolean';
import { noticeField } from '../kinds/notice';

export const simplifyField = switchField(
	'Simplify',
	'simplify',
	'Whether to return a simplified version of the response instead of the raw data',
);

/** States the unit of the amounts in an output (docs/pocketsflow-api.md#money). */
export const amountNotice = noticeField(
	'amountNotice',
	'Amounts in the output are in the main unit of the currency: 29 is $29.00',
);
