/** A refusal in the server's own words. */

import type { ApiError } from "../api";
import { Icon } from "../icons";

export function Failure({ error }: { error: ApiError }) {
  return (
    <div className="empty" role="alert">
      <Icon name="warning" size={28} />
      <p>{error.message}</p>
      {error.hint && <p className="quiet">{error.hint}</p>}
      <p className="finding-code">{error.code}</p>
    </div>
  );
}
