import type { ComponentChildren } from 'preact';

import type { SandboxContext } from '../context';
import type { Database } from '../database/database';

export interface View {
	readonly context: SandboxContext;
	readonly db: Database;
}

export const HiddenFields = ({ fields }: { fields: Record<string, string> }) => (
	<>
		{Object.entries(fields).map(([name, value]) => (
			<input type="hidden" name={name} value={value} />
		))}
	</>
);

export interface Button {
	readonly action: string;
	readonly label: string;
	readonly isDanger?: boolean;
}

interface ActionButtonProps extends Button, Pick<View, 'db'> {
	readonly id: string;
	/** What the button is about, for those who hear the page. */
	readonly about?: string;
}

export const ActionButton = ({ db, id, action, label, about, isDanger }: ActionButtonProps) => (
	<form method="post" action="/dashboard/actions">
		<HiddenFields fields={{ mode: db.mode, action, id }} />
		<button class={isDanger ? 'mini danger' : 'mini'} type="submit" data-test={action}>
			{label}
			{about && <span class="hidden">: {about}</span>}
		</button>
	</form>
);

interface SectionProps {
	readonly id: string;
	readonly title: string;
	readonly about?: ComponentChildren;
	readonly columns: string[];
	/** The rows that are shown, of `total`. */
	readonly children: ComponentChildren[];
	readonly total: number;
	readonly empty: string;
}

/** A table with its heading, which the script of the page keeps up to date. */
export function Section({ id, title, about, columns, children, total, empty }: SectionProps) {
	const table = (
		<>
			<div class="scroll">
				<table class="stack">
					<thead>
						<tr>
							{columns.map((name) => (
								<th scope="col">{name}</th>
							))}
						</tr>
					</thead>
					<tbody>{children}</tbody>
				</table>
			</div>
			{total > children.length && <p class="small soft">and {total - children.length} more</p>}
		</>
	);
	return (
		<section class="card" id={id} data-live aria-labelledby={`${id}-title`}>
			<h2 id={`${id}-title`}>{title}</h2>
			{about} {children.length > 0 ? table : <p class="empty">{empty}</p>}
		</section>
	);
}
