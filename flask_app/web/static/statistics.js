// What the stretch in view amounts to, beside what it is compared with.
export async function account(place, view, back, motors, curves) {}
