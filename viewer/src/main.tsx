import "@xyflow/react/dist/base.css";
import "./style.css";
import { createRoot } from "react-dom/client";
import { embedded, join } from "./bridge";
import { PipelineList } from "./PipelineList";
import { PipelinePage } from "./PipelinePage";
import { usePlace } from "./place";
import { honourTheme } from "./theme";

function Viewer() {
  const place = usePlace();
  if (place.pipeline === null) return <PipelineList />;
  return <PipelinePage key={place.pipeline} id={place.pipeline} place={place} />;
}

if (embedded) void join();
void honourTheme();
const root = document.getElementById("root");
if (root) createRoot(root).render(<Viewer />);
